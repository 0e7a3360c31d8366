import java.io.File;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.IRI;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.model.OWLOntologyManager;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWL2RLProfile;
import org.semanticweb.owlapi.profiles.OWLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;
import org.semanticweb.owlapi.util.SimpleIRIMapper;

/**
 * For each file, with what it imports by the catalog beside it: a line for each OWL 2 DL and OWL 2 RL profile
 * violation, then how many ontologies and axioms were read. Runs with OWL API 3.4 to 5.1.
 */
public class Profiles {
    public static void main(String[] files) throws Exception {
        for (String name : files) {
            File file = new File(name).getAbsoluteFile();
            OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
            readCatalog(manager, file.getParentFile());
            OWLOntology ontology = manager.loadOntologyFromOntologyDocument(file);
            for (OWLProfile profile : new OWLProfile[] {new OWL2DLProfile(), new OWL2RLProfile()}) {
                for (OWLProfileViolation violation : profile.checkOntology(ontology).getViolations()) {
                    System.out.println(profile.getName() + ": " + violation);
                }
            }
            int axioms = 0;
            for (OWLOntology one : manager.getOntologies()) {
                axioms += one.getLogicalAxiomCount();
            }
            System.out.println("read: " + manager.getOntologies().size() + " ontologies, " + axioms + " axioms");
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
            manager.addIRIMapper(new SimpleIRIMapper(IRI.create(entry.group(1)), IRI.create(new File(folder, entry.group(2)))));
        }
    }
}
