import java.io.File;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Collections;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.formats.TurtleDocumentFormat;
import org.semanticweb.owlapi.io.FileDocumentSource;
import org.semanticweb.owlapi.model.*;
import org.semanticweb.owlapi.util.OWLEntityRemover;
import org.semanticweb.owlapi.util.OWLEntityRenamer;
import org.semanticweb.owlapi.util.SimpleIRIMapper;

/** Open, edit and save as Protégé does, one job for each line of standard input: FILE, TARGET, EDIT, ARGUMENTS by tabs. */
public class Protege {
    static final OWLDataFactory MAKE = OWLManager.getOWLDataFactory();
    static final String CKB = "https://w3id.org/commerce-kb/onto#";

    public static void main(String[] none) throws Exception {
        for (String line : new String(System.in.readAllBytes(), "UTF-8").split("\n")) {
            String[] words = line.split("\t");
            OWLOntologyManager manager = OWLManager.createConcurrentOWLOntologyManager();
            File file = new File(words[0]).getAbsoluteFile();
            readCatalog(manager, file.getParentFile());
            OWLOntology opened = manager.loadOntologyFromOntologyDocument(
                new FileDocumentSource(file),
                new OWLOntologyLoaderConfiguration().setMissingImportHandlingStrategy(MissingImportHandlingStrategy.SILENT));
            if (words.length > 2) {
                edit(manager, opened, words[2], Arrays.copyOfRange(words, 3, words.length));
            }
            try (OutputStream out = new FileOutputStream(words[1])) {
                TurtleDocumentFormat turtle = new TurtleDocumentFormat();
                turtle.copyPrefixesFrom(manager.getOntologyFormat(opened).asPrefixOWLDocumentFormat());
                manager.saveOntology(opened, turtle, out);
            }
        }
    }

    /** The catalog's relative entries, where there is a catalog. */
    static void readCatalog(OWLOntologyManager manager, File folder) throws Exception {
        File catalog = new File(folder, "catalog-v001.xml");
        if (!catalog.exists()) {
            return;
        }
        Matcher entry = Pattern.compile("<uri name=\"([^\"]+)\" uri=\"([^\"]+)\"/>").matcher(Files.readString(catalog.toPath()));
        while (entry.find()) {
            manager.getIRIMappers().add(
                new SimpleIRIMapper(IRI.create(entry.group(1)), IRI.create(new File(folder, entry.group(2)))));
        }
    }

    static void edit(OWLOntologyManager manager, OWLOntology opened, String edit, String[] names) {
        switch (edit) {
            case "add-class": // superclass, module, example; labels and definitions in English and Chinese
                OWLClass added = named(names[0]);
                manager.addAxiom(opened, MAKE.getOWLDeclarationAxiom(added));
                manager.addAxiom(opened, MAKE.getOWLSubClassOfAxiom(added, named(names[1])));
                annotate(manager, opened, added, "http://www.w3.org/2000/01/rdf-schema#label", names[2], names[3]);
                annotate(manager, opened, added, "http://www.w3.org/2004/02/skos/core#definition", names[4], names[5]);
                manager.addAxiom(opened, MAKE.getOWLAnnotationAssertionAxiom(
                    MAKE.getOWLAnnotationProperty(IRI.create("http://www.w3.org/2004/02/skos/core#example")),
                    added.getIRI(), MAKE.getOWLLiteral(names[6], "en")));
                manager.addAxiom(opened, MAKE.getOWLAnnotationAssertionAxiom(
                    MAKE.getRDFSIsDefinedBy(), added.getIRI(), IRI.create(names[7])));
                break;
            case "rename":
                manager.applyChanges(
                    new OWLEntityRenamer(manager, Collections.singleton(opened)).changeIRI(iri(names[0]), iri(names[1])));
                break;
            case "relabel":
                OWLAnnotationProperty label = MAKE.getRDFSLabel();
                manager.removeAxiom(
                    opened, MAKE.getOWLAnnotationAssertionAxiom(label, iri(names[0]), MAKE.getOWLLiteral(names[2], names[1])));
                manager.addAxiom(
                    opened, MAKE.getOWLAnnotationAssertionAxiom(label, iri(names[0]), MAKE.getOWLLiteral(names[3], names[1])));
                break;
            case "restrict": // some, on the left: what OWL 2 RL can use
                manager.addAxiom(
                    opened,
                    MAKE.getOWLSubClassOfAxiom(
                        MAKE.getOWLObjectSomeValuesFrom(property(names[0]), named(names[1])), named(names[2])));
                break;
            case "chain":
                manager.addAxiom(
                    opened,
                    MAKE.getOWLSubPropertyChainOfAxiom(
                        Arrays.asList(property(names[0]), property(names[1])), property(names[2])));
                break;
            case "key":
                manager.addAxiom(
                    opened, MAKE.getOWLHasKeyAxiom(named(names[0]), Collections.singleton(MAKE.getOWLDataProperty(iri(names[1])))));
                break;
            case "delete":
                OWLEntityRemover remover = new OWLEntityRemover(Collections.singleton(opened));
                named(names[0]).accept(remover);
                manager.applyChanges(remover.getChanges());
                break;
            case "import":
                manager.applyChange(new AddImport(opened, MAKE.getOWLImportsDeclaration(IRI.create(names[0]))));
                break;
            default:
                throw new IllegalArgumentException(edit);
        }
    }

    static void annotate(
        OWLOntologyManager manager, OWLOntology opened, OWLClass term, String property, String english, String chinese) {
        OWLAnnotationProperty by = MAKE.getOWLAnnotationProperty(IRI.create(property));
        manager.addAxiom(opened, MAKE.getOWLAnnotationAssertionAxiom(by, term.getIRI(), MAKE.getOWLLiteral(english, "en")));
        manager.addAxiom(opened, MAKE.getOWLAnnotationAssertionAxiom(by, term.getIRI(), MAKE.getOWLLiteral(chinese, "zh")));
    }

    static IRI iri(String name) {
        return IRI.create(CKB + name);
    }

    static OWLClass named(String name) {
        return MAKE.getOWLClass(iri(name));
    }

    static OWLObjectProperty property(String name) {
        return MAKE.getOWLObjectProperty(iri(name));
    }
}
